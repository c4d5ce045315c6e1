{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Developers</h1><p>People who sign in to the portal.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/developers/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add developer</a></div>{{/may_change}}
</div>
<nav aria-label="Developers">
  <ul class="segmented"><li><a href="/admin/developers" aria-current="page">Developers</a></li><li><a href="/admin/organisations">Organisations</a></li></ul>
</nav>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The developer was deleted</h2><p>Sessions, links and mails ended with the account.</p></div>{{/deleted}}
<section class="card" aria-label="Developers">
  <div class="card__head"><form class="filters" role="search" action="/admin/developers"><div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search developers</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name or e-mail"></div><button class="btn" type="submit">Search</button>{{#searched}}<a class="btn" href="/admin/developers">Show all</a>{{/searched}}</form></div>
  {{#has_items}}
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Developers</caption>
      <thead><tr><th scope="col">Developer</th><th scope="col">Organisation</th><th scope="col">Status</th><th scope="col">Joined</th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/developers/{{id}}">{{name}}</a><span class="table__sub" title="{{email}}">{{email}}</span></th>
          <td data-label="Organisation"><a href="/admin/organisations/{{organisation_id}}">{{organisation}}</a>{{#is_manager}} <span class="muted small">manager</span>{{/is_manager}}</td>
          <td data-label="Status" class="table__corner">{{#active}}{{#waiting}}<span class="badge">Has no password yet</span>{{/waiting}}{{#no_waiting}}<span class="badge badge--ok">Active</span>{{/no_waiting}}{{/active}}{{#no_active}}<span class="badge badge--warn">Switched off</span>{{/no_active}}</td>
          <td data-label="Joined">{{#joined}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/joined}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
  {{/has_items}}
  {{#no_items}}
  <div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#users"/></svg>
    {{#searched}}<h2>No developer fits “{{q}}”</h2><p>Searched are names, addresses and ids.</p>{{/searched}}
    {{#no_searched}}<h2>No developer yet</h2><p>Developers join by themselves at <a href="/portal/join">the portal</a>, or are added here. Their keys belong to their organisation.</p>{{/no_searched}}
  </div>
  {{/no_items}}
</section>
