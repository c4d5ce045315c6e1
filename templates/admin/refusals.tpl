{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Refusals</h1><p>The newest requests that were refused, and why. Forgotten with newer ones and at a reboot.</p></div>
</div>
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>This cannot be shown</h2>{{>faults}}</div>{{/failed}}
<section class="card" aria-label="Refusals">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/refusals">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search refusals</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Request id, fingerprint, code or path"></div>
      <label class="sr-only" for="f-code">Reason</label><select class="select" id="f-code" name="code"><option value="">All reasons</option>{{#codes}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/codes}}</select>
      <label class="sr-only" for="f-api_id">API</label>{{#api_filter}}{{#is_choice}}<select class="select" id="f-api_id" name="api_id"><option value="">All APIs</option>{{#choices}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/choices}}</select>{{/is_choice}}{{#is_typed}}<input class="input input--auto" id="f-api_id" name="api_id" value="{{value}}" list="apis" placeholder="All APIs: or name, or id" spellcheck="false"><datalist id="apis">{{#choices}}<option value="{{text}}"></option>{{/choices}}</datalist>{{/is_typed}}{{/api_filter}}
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/refusals">Show all</a>{{/searched}}
    </form>
  </div>
  {{#has_items}}<div class="table-wrap">
    <table class="table table--stack table--top">
      <caption class="sr-only">Refusals</caption>
      <thead>
        <tr><th scope="col">When</th><th scope="col">Request</th><th scope="col">Reason</th><th scope="col" class="hide-md">From</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr>
      </thead>
      <tbody>
        {{#items}}<tr>
          <td data-label="When" class="nowrap">{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</td>
          <td data-label="Request"><div><code class="path">{{method}} {{path}}</code><span class="table__sub">{{#has_api}}{{api}}{{/has_api}}{{#key}} · <a href="/admin/keys/{{key_id}}">{{key_name}}</a>{{/key}}</span><span class="table__sub"><code class="fp">{{id}}</code></span></div></td>
          <td data-label="Reason"><div>{{status}} <code class="nowrap">{{code}}</code><p class="muted small">{{detail}}</p>{{#may_make}}{{#may_change}}<a class="btn btn--sm" href="/admin/refusals/{{id}}/key"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Make a key from this certificate<span class="sr-only"> {{sha256}}</span></a>{{/may_change}}{{/may_make}}{{#made}}<p class="small">The certificate belongs to <a href="/admin/keys/{{key_id}}">{{key_name}}</a> by now{{#is_revoked}}, where it is revoked{{/is_revoked}}.</p>{{/made}}</div></td>
          <td data-label="From" class="hide-md nowrap"><code class="path">{{address}}</code></td>
          <td data-label="Actions" class="right nowrap"><a class="btn btn--sm" href="/admin/explain?request_id={{id}}">Why?<span class="sr-only"> {{id}}</span></a> </td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
  {{#no_items}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg>
    {{#searched}}<h2>No refusal fits{{#has_q}} “{{q}}”{{/has_q}}</h2><p>Searched are request ids, fingerprints, codes, paths and addresses.</p>{{/searched}}
    {{#no_searched}}<h2>Nothing was refused</h2><p>Call an API without a certificate to see one: the answer’s request id leads here.</p>{{/no_searched}}
  </div>{{/no_items}}
</section>
