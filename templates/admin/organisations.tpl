{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Organisations</h1><p>Partners: their developers share their keys.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/organisations/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add organisation</a></div>{{/may_change}}
</div>
<nav aria-label="Developers">
  <ul class="segmented"><li><a href="/admin/developers">Developers</a></li><li><a href="/admin/organisations" aria-current="page">Organisations</a></li></ul>
</nav>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The organisation was deleted</h2></div>{{/deleted}}
<section class="card" aria-label="Organisations">
  <div class="card__head"><form class="filters" role="search" action="/admin/organisations"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search organisations</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name"></div><button class="btn" type="submit">Search</button>{{#searched}}<a class="btn" href="/admin/organisations">Show all</a>{{/searched}}</form></div>
  {{#has_items}}
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Organisations</caption>
      <thead><tr><th scope="col">Organisation</th><th scope="col">Contacts</th><th scope="col">Status</th><th scope="col">Added</th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/organisations/{{id}}">{{name}}</a></th>
          <td data-label="Contacts">{{#has_contacts}}{{contacts}}{{/has_contacts}}{{#no_contacts}}—{{/no_contacts}}</td>
          <td data-label="Status" class="table__corner">{{#active}}<span class="badge badge--ok">Active</span>{{/active}}{{#no_active}}<span class="badge badge--warn">Switched off</span>{{/no_active}}</td>
          <td data-label="Added">{{#added}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/added}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
  {{/has_items}}
  {{#no_items}}
  <div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#users"/></svg>
    {{#searched}}<h2>No organisation fits “{{q}}”</h2>{{/searched}}
    {{#no_searched}}<h2>No organisation yet</h2><p>Each developer who joins gets one, and may invite others into it. Keys that you make can belong to one too: then its people get the notices.</p>{{/no_searched}}
  </div>
  {{/no_items}}
</section>
