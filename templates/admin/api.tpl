{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/apis">APIs</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{name}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p><code class="path">{{listen_path}}</code> · last changed {{#changed}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/changed}}</p></div>
</div>
{{#created}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The API was created</h2><p>It answers from the next request on. Who may call it, keys say.</p></div>{{/created}}{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}
<section class="card" aria-labelledby="h-try">
  <div class="card__head"><div><h2 id="h-try">Try it</h2><p>with the credential of a key</p></div></div>
  <div class="card__body stack stack--tight">
    {{#takes_certificate}}<pre class="code" data-copy>curl --cert cert.pem --key key.pem {{base}}{{listen_path}}</pre>{{/takes_certificate}}
    {{#takes_token}}<pre class="code" data-copy>curl -H "Authorization: Bearer TOKEN" {{base}}{{listen_path}}</pre>{{/takes_token}}
    {{#keyless}}<pre class="code" data-copy>curl {{base}}{{listen_path}}</pre>{{/keyless}}
  </div>
</section>
{{#usage}}<section class="card" aria-labelledby="h-use">
  <div class="card__head"><div><h2 id="h-use">Usage</h2><p>per {{per}}, last 30 days</p></div>{{>legend}}</div>
  <div class="card__body stack">{{#any}}<p>{{requests}} requests, {{refused}} refused ({{refused_share}}), {{failed}} upstream errors · median latency {{p50}}, p95 {{p95}}, p99 {{p99}} · <a href="/admin/monitoring?api_id={{id}}">Monitoring</a></p>{{>chart}}{{/any}}{{#no_any}}<p class="muted">Not called in this time.</p>{{/no_any}}</div>
</section>{{/usage}}
<div class="grid grid--main">
{{#may_change}}<form class="form form--cards" method="post" action="/admin/apis/{{id}}">
<input type="hidden" name="csrf_token" value="{{csrf_token}}">
<input type="hidden" name="revision" value="{{revision}}">{{/may_change}}{{#no_may_change}}<fieldset class="form form--cards" disabled aria-label="Settings, to read">{{/no_may_change}}
{{>fields}}
{{#may_change}}</form>{{/may_change}}{{#no_may_change}}</fieldset>{{/no_may_change}}
  <div class="col">
    {{#may_change}}<section class="card" aria-labelledby="h-test">
      <div class="card__head"><h2 id="h-test">Upstream</h2></div>
      <div class="card__body stack"><p class="muted">Asks what is saved: GET of the target URL, without credentials, with the TLS of this API.</p><form method="post" action="/admin/apis/{{id}}/test"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--sm" type="submit">Test upstream</button></form></div>
    </section>{{/may_change}}
    <section class="card" aria-labelledby="h-keys">
      <div class="card__head"><h2 id="h-keys">Who may call it</h2></div>
      <div class="card__body stack"><p><a href="/admin/keys?api_id={{id}}">Keys with access to this API</a></p>{{#may_change}}<a class="btn btn--sm" href="/admin/keys/new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#plus"/></svg> Add key</a>{{/may_change}}</div>
    </section>
    {{#may_change}}<section class="card card--danger" aria-labelledby="h-del">
      <div class="card__head"><h2 id="h-del">Delete</h2></div>
      <div class="card__body stack"><p class="muted">Keys lose their right to this API. Their other rights stay. To pause it, switch Active off.</p><a class="btn btn--danger" href="/admin/apis/{{id}}/delete"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#trash-2"/></svg> Delete {{name}}</a></div>
    </section>{{/may_change}}
  </div>
</div>
