{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>APIs</h1><p>What is called through certgate, and where it leads.</p></div>
  {{#may_change}}<div class="head__tools"><a class="btn btn--primary" href="/admin/apis/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add API</a></div>{{/may_change}}
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The API was deleted</h2></div>{{/deleted}}
<section class="card" aria-label="APIs">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/apis">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search APIs</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Name, path or target"></div>
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/apis">Show all</a>{{/searched}}
    </form>
  </div>
  {{#has_items}}
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">APIs</caption>
      <thead>
        <tr><th scope="col">API</th><th scope="col">Target</th><th scope="col">Lets in</th><th scope="col">Status</th></tr>
      </thead>
      <tbody>
        {{#items}}
        <tr>
          <th scope="row"><a class="table__name" href="/admin/apis/{{id}}">{{name}}</a><span class="table__sub"><code class="path">{{listen_path}}</code></span></th>
          <td data-label="Target"><code class="path">{{target_url}}</code></td>
          <td data-label="Lets in"><span class="nowrap">{{#takes_certificate}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>mTLS</span> {{/takes_certificate}}{{#takes_token}}<span class="tag"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Token</span> {{/takes_token}}{{#keyless}}<span class="tag">Keyless</span> {{/keyless}}{{#ca_trust}}<span class="tag">CA trust</span>{{/ca_trust}}</span></td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}
  {{/has_items}}
  {{#no_items}}
  <div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plug"/></svg>
    {{#searched}}<h2>No API fits “{{q}}”</h2><p>Searched are names, paths and targets.</p>{{/searched}}
    {{#no_searched}}<h2>No API yet</h2><p>An API has a path on this host and a server behind it.</p>{{#may_change}}<a class="btn btn--primary" href="/admin/apis/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add API</a>{{/may_change}}{{/no_searched}}
  </div>
  {{/no_items}}
</section>
