{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li aria-current="page">New key</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>New key</h1><p>Who may call, which APIs, and how much.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  <div class="grid grid--main">
    <div class="col">
      {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The key was not created</h2>
{{#has_problem}}<p>{{problem}}</p>{{/has_problem}}
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
      {{>fields}}
    </div>
    <div class="col">
      {{#read}}<section class="card" aria-labelledby="h-read" data-when="mtls">
        <div class="card__head"><h2 id="h-read">Certificate read</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
        <div class="card__body stack"><dl class="facts facts--short">
            <dt>Subject</dt><dd>{{subject}}</dd>
            <dt>Issuer</dt><dd>{{issuer}}</dd>
            {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
            <dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd>
            <dt>Key</dt><dd>{{public_key}}</dd>
            <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
          </dl></div>
      </section>{{/read}}
      <section class="card" aria-labelledby="h-tok" data-when="token">
        <div class="card__head"><h2 id="h-tok">Shown after Create</h2></div>
        <div class="card__body"><p class="muted">Certgate makes the token when you press Create, shows it once, and stores only a hash.</p></div>
      </section>
      <section class="card" aria-labelledby="h-tip">
        <div class="card__head"><h2 id="h-tip">Only the public part</h2></div>
        <div class="card__body stack">
          <p class="muted">A client that has no certificate yet makes one with</p>
          <pre class="code" data-copy>openssl req -x509 -newkey rsa:4096 \
  -nodes -days 365 -subj "/CN=me" \
  -keyout key.pem \
  -out cert.pem</pre>
          <p class="muted">and sends you <code>cert.pem</code>.</p>
        </div>
      </section>
    </div>
  </div>
</form>
