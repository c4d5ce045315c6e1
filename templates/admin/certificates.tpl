{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Certificates</h1><p>Public certificates: of clients, of CAs that APIs trust, of upstreams.</p></div>
  <div class="head__tools"><ul class="segmented" aria-label="Which"><li><a href="/admin/certificates"{{#no_due}} aria-current="true"{{/no_due}}>All</a></li><li><a href="/admin/certificates?due=yes"{{#due}} aria-current="true"{{/due}}>Ending within 30 days</a></li></ul>{{#may_change}}<a class="btn btn--primary" href="/admin/certificates/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Add certificate</a>{{/may_change}}</div>
</div>
{{#deleted}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was deleted</h2></div>{{/deleted}}{{#has_notice}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h2>{{notice}}</h2></div>{{/has_notice}}
<section class="card" aria-label="Certificates">
  <div class="card__head">
    <form class="filters" role="search" action="/admin/certificates">
      <div class="search"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#search"/></svg><label class="sr-only" for="q">Search certificates</label><input class="input" id="q" name="q" type="search" value="{{q}}" placeholder="Subject or fingerprint"></div>
      <button class="btn" type="submit">Search</button>
      {{#searched}}<a class="btn" href="/admin/certificates">Show all</a>{{/searched}}
    </form>
    <a class="small" href="/admin/exposed-keys">Blocked public keys</a>
  </div>
  {{#has_items}}<div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Certificates</caption>
      <thead>
        <tr><th scope="col">Subject</th><th scope="col" class="hide-md">Kind</th><th scope="col">SHA-256</th><th scope="col">Used by</th><th scope="col">Status</th><th scope="col">Valid until</th></tr>
      </thead>
      <tbody>
        {{#items}}<tr>
          <th scope="row"><a class="table__name" href="/admin/certificates/{{id}}">{{short_name}}</a><span class="table__sub" title="{{subject}}">{{subject}}</span></th>
          <td data-label="Kind" class="hide-md nowrap">{{kind}}</td>
          <td data-label="SHA-256"><code class="fp">{{sha256_start}}</code></td>
          <td data-label="Used by">{{#key}}<a href="/admin/keys/{{id}}">{{name}}</a>{{/key}}{{#apis}}<a href="/admin/apis/{{id}}">{{name}}</a> {{/apis}}{{#no_key}}{{#no_apis}}—{{/no_apis}}{{/no_key}}</td>
          <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</td>
          <td data-label="Valid until" class="nowrap">{{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</td>
        </tr>
        {{/items}}
      </tbody>
    </table>
  </div>
  {{#has_next}}<div class="card__foot pager"><a class="btn btn--sm" href="{{next}}">Next page<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#chevron-right"/></svg></a></div>{{/has_next}}{{/has_items}}
  {{#no_items}}<div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg>
    {{#searched}}<h2>No certificate fits “{{q}}”</h2><p>Searched are subjects, issuers, names and SHA-256 fingerprints in any notation.</p>{{/searched}}
    {{#due}}<h2>None ends within 30 days</h2><p>Of those that are in use. The holders of those that do are told in time; a new one is added beside the old one with Rotate, on the key’s page.</p>{{/due}}
    {{#no_due}}{{#no_searched}}<h2>No certificate yet</h2><p>Client certificates come with their keys. CAs that APIs trust are added here.</p>{{/no_searched}}{{/no_due}}
  </div>{{/no_items}}
</section>
