{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/apis">APIs</a></li>
    <li><a href="/admin/apis/{{id}}">{{name}}</a></li>
    <li aria-current="page">Test</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>What the upstream of {{name}} says</h1><p>Asked just now by this host, as the gate would: GET, without credentials.</p></div></div>
{{#items}}<section class="card" aria-label="{{url}}">
  <div class="card__head"><h2><code class="path">{{url}}</code></h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
  <div class="card__body stack">
    {{#has_remedy}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>What to do</h2><p>{{remedy}}</p></div>{{/has_remedy}}
    <dl class="facts facts--wide">
      {{#has_status}}<dt>Status</dt><dd>{{status}}</dd>{{/has_status}}
      {{#has_cause}}<dt>Cause</dt><dd>{{cause}}</dd>{{/has_cause}}
      {{#has_addresses}}<dt>Addresses</dt><dd>{{#addresses}}<code class="fp">{{address}}</code>{{#no_allowed}} (not allowed){{/no_allowed}} {{/addresses}}</dd>{{/has_addresses}}
      {{#has_connected_ms}}<dt>Connected after</dt><dd>{{connected_ms}} ms</dd>{{/has_connected_ms}}
      {{#has_answered_ms}}<dt>Answered after</dt><dd>{{answered_ms}} ms</dd>{{/has_answered_ms}}
      {{#certificate}}<dt>Certificate</dt><dd>{{subject}}{{#verified}} <span class="badge badge--ok">Holds</span>{{/verified}}{{#no_verified}} <span class="badge badge--bad">Does not hold</span>{{/no_verified}}</dd>
      <dt>Issuer</dt><dd>{{issuer}}</dd>
      {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
      <dt>Ends</dt><dd>{{#ends}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/ends}}</dd>
      <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
      <dt>SHA-256 of its public key</dt><dd><code class="fp">{{spki_sha256}}</code></dd>{{/certificate}}
    </dl>
  </div>
</section>
{{/items}}
<div class="actions"><form method="post" action="/admin/apis/{{id}}/test"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--primary" type="submit">Test again</button></form><a class="btn" href="/admin/apis/{{id}}">Back to {{name}}</a></div>
