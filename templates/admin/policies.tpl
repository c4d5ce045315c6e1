{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Policies</h1><p>Access and limits that many keys share.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/policies/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Add policy</a></div>{{/may_change}}
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The policy was deleted</h2></div>{{/deleted}}
<section class="card" aria-label="Policies">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/policies">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search policies</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name or tag"></div>
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/policies">Show all</a>{{/searched}}
    </form>
  </div>
  {{#has_items}}<div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Policies</caption>
      <thead><tr><th scope="col">Policy</th><th scope="col">Access</th><th scope="col">Rate</th><th scope="col">Quota</th><th scope="col">Status</th></tr></thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/policies/{{id}}">{{name}}</a>{{#has_tags}}<span class="table__sub" title="{{tags}}">{{tags}}</span>{{/has_tags}}</th>
          <td data-label="Access">{{#gives_access}}{{#has_access}}{{access}}{{/has_access}}{{#no_access}}none{{/no_access}}{{/gives_access}}{{#no_gives_access}}<span class="muted">not set</span>{{/no_gives_access}}</td>
          <td data-label="Rate">{{#gives_rate}}{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}unlimited{{/no_rate}}{{/gives_rate}}{{#no_gives_rate}}<span class="muted">not set</span>{{/no_gives_rate}}</td>
          <td data-label="Quota">{{#gives_quota}}{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}unlimited{{/no_quota}}{{/gives_quota}}{{#no_gives_quota}}<span class="muted">not set</span>{{/no_gives_quota}}</td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
  {{#no_items}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#scroll-text"/></svg>
    {{#searched}}<h2>No policy fits “{{q}}”</h2><p>Searched are names and tags.</p>{{/searched}}
    {{#no_searched}}<h2>No policy yet</h2><p>A policy gives many keys the same access or limits, and changes them at once.</p>{{#may_change}}<a class="btn btn--primary" href="/admin/policies/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Add policy</a>{{/may_change}}{{/no_searched}}
  </div>{{/no_items}}
</section>
