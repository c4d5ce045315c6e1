{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Catalogue</h1><p>What developers find in the portal</p></div>
  <div class="head__tools"><a class="btn" href="/portal/"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#external-link"/></svg>Open the portal</a>{{#may_change}}<a class="btn btn--primary" href="/admin/catalogue/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Add entry</a>{{/may_change}}</div>
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The entry was deleted</h2><p>Keys that came of it stay as they are.</p></div>{{/deleted}}
<section class="card" aria-label="Catalogue entries">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/catalogue">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search the catalogue</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name or description"></div>
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/catalogue">Show all</a>{{/searched}}
    </form>
  </div>
  {{#has_items}}<div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Catalogue entries</caption>
      <thead>
        <tr><th scope="col">Entry</th><th scope="col">Policy</th><th scope="col">Approval</th><th scope="col">Status</th><th scope="col" class="right">Keys</th><th scope="col" class="right">Waiting</th></tr>
      </thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/catalogue/{{id}}">{{name}}</a>{{#has_summary}}<span class="table__sub" title="{{summary}}">{{summary}}</span>{{/has_summary}}</th>
          <td data-label="Policy"><a href="/admin/policies/{{policy_id}}">{{policy_name}}</a></td>
          <td data-label="Approval">{{#automatic}}Automatic{{/automatic}}{{#no_automatic}}By hand{{/no_automatic}}</td>
          <td data-label="Status" class="table__corner">{{#visible}}<span class="badge badge--ok">Visible</span>{{/visible}}{{#no_visible}}<span class="badge">Hidden</span>{{/no_visible}}</td>
          <td data-label="Keys" class="right num">{{keys}}</td>
          <td data-label="Waiting" class="right num">{{waiting}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
  {{#no_items}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#book-open"/></svg>
    {{#searched}}<h2>No entry fits “{{q}}”</h2><p>Searched are names and descriptions.</p>{{/searched}}
    {{#no_searched}}<h2>Nothing is offered yet</h2><p>An entry offers a policy to developers: they ask for a key with their own certificate, and the key gets the policy's access and limits. It takes three steps: an API, a policy that opens it, an entry.</p>{{#may_change}}<a class="btn btn--primary" href="/admin/catalogue/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg>Add entry</a>{{/may_change}}{{/no_searched}}
  </div>{{/no_items}}
</section>
