{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/">Catalogue</a></li>
    <li><a href="/portal/apis/{{id}}">{{entry_name}}</a></li>
    <li aria-current="page">Request a key</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Request a key for {{entry_name}}</h1><p>{{#takes_certificate}}Your client certificate becomes your key: no secret to copy, nothing to send in a header.{{/takes_certificate}}{{#no_takes_certificate}}This API takes a token: you make it once the request is approved.{{/no_takes_certificate}}</p></div></div>
<div class="grid grid--main">
  <section class="card" aria-label="Request">
    <form class="form" method="post" action="/portal/apis/{{id}}/request" enctype="multipart/form-data" data-certificate-form>
      <input type="hidden" name="csrf_token" value="{{csrf_token}}">
      <input type="hidden" name="once" value="{{once}}">
      <div class="card__body card__body--roomy form">
        {{#private_key}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-x"/></svg>
          <h2>That was a private key. Consider it exposed</h2>
          <p>It was not stored, logged or shown again. But it has left your machine, so it can no longer be used here. Make a new pair, then paste the new <code>client.crt</code>:</p>
          <pre class="code" data-copy tabindex="0">openssl req -x509 -newkey rsa:4096 -nodes -days 365 -keyout client.key -out client.crt -subj "/CN=my-client"</pre>
        </div>{{/private_key}}
        {{#no_private_key}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The request was not sent</h2>{{>faults}}</div>{{/failed}}{{/no_private_key}}
        <div class="field{{#error_name}} field--error{{/error_name}}">
          <label for="f-name">Key name</label>
          <p class="hint" id="h-name">Shown to you and to the API owner.</p>
          <input class="input" id="f-name" name="name" maxlength="120" autocomplete="off" value="{{name}}" aria-describedby="{{#error_name}}e-name {{/error_name}}h-name"{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#first}} autofocus{{/first}} required>
          {{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}
        </div>
        {{#takes_both}}<fieldset>
          <legend class="label">How the key is known</legend>
          <div class="choices">
            <div class="choice"><input type="radio" id="t-mtls" name="type" value="mtls"{{#is_mtls}} checked{{/is_mtls}} aria-describedby="t-mtls-d"><label for="t-mtls">Mutual TLS</label><span class="choice__hint" id="t-mtls-d">By your client certificate.</span></div>
            <div class="choice"><input type="radio" id="t-token" name="type" value="token"{{#is_token}} checked{{/is_token}} aria-describedby="t-token-d"><label for="t-token">Auth token</label><span class="choice__hint" id="t-token-d">A secret in a header field. You make it once the request is approved.</span></div>
          </div>
        </fieldset>{{/takes_both}}
        {{#takes_certificate}}<div class="field{{#error_certificate}} field--error{{/error_certificate}}" data-when="mtls">
          <label for="f-certificate">Public certificate (PEM)</label>
          <p class="hint" id="h-certificate">Paste only the block that begins with BEGIN CERTIFICATE. Keep the private key on your own machine.</p>
          <textarea class="textarea textarea--pem" id="f-certificate" name="certificate" rows="10" spellcheck="false" autocomplete="off" autocapitalize="none" placeholder="-----BEGIN CERTIFICATE-----" aria-describedby="{{#error_certificate}}e-certificate {{/error_certificate}}h-certificate"{{#error_certificate}} aria-invalid="true"{{/error_certificate}}{{#focus_certificate}} autofocus{{/focus_certificate}}>{{certificate:pre_escape}}</textarea>
          {{#error_certificate}}<p class="error" id="e-certificate"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_certificate}}
          <div class="row">
            <span class="file"><label class="btn" for="upload"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Upload .pem</label><input type="file" id="upload" name="upload" accept=".pem,.crt,.cer,.der,application/x-pem-file"></span>
            <button class="btn" type="submit" name="do" value="read" formnovalidate>Read certificate</button>
          </div>
        </div>
        <div id="verdict" data-when="mtls">
          {{#usable}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg>
            <h2>This certificate can be used</h2>
            <p>{{#self_signed}}Self-signed, {{/self_signed}}{{public_key}}, ends {{#ends}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/ends}}. It is not registered to another key.</p>
            {{#has_notices}}<ul>{{#notices}}<li>{{item}}</li>{{/notices}}</ul>{{/has_notices}}
          </div>{{/usable}}
          {{#in_use}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg>
            <h2>Is it yours?</h2>
            <p>Somebody has registered or claimed it already. If you hold its private key, ask for the key all the same: the request's page then shows the one call that proves it. Otherwise make a new pair.</p>
            <div class="row"><button class="btn" type="submit" name="do" value="dispute">Ask, and prove that it is mine</button></div>
          </div>{{/in_use}}
          {{#server_only}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg>
            <h2>A certificate for servers alone</h2>
            <p>Public CAs no longer issue certificates for clients. A self-signed one is as safe here: it is pinned by its fingerprint, and nobody else can make it. The command beside this form makes one.</p>
          </div>{{/server_only}}
          {{#yours}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h2>You have a key with it</h2><p>Add {{entry_name}} to that key: nothing has to be pasted again.</p><div class="row"><a class="btn btn--sm" href="#h-add">Add to my key</a></div></div>{{/yours}}
        </div>{{/takes_certificate}}
        <div class="actions actions--line"><button class="btn btn--primary" type="submit">Request key</button><a class="btn" href="/portal/apis/{{id}}">Cancel</a><span class="muted small">{{#automatic}}Works at once{{/automatic}}{{#no_automatic}}The API owner approves it{{/no_automatic}}</span></div>
      </div>
    </form>
  </section>
  <div class="col">
    {{#takes_certificate}}<div id="preview" class="col">{{#read}}<section class="card" aria-labelledby="h-read">
      <div class="card__head"><h2 id="h-read">Certificate read</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
      <div class="card__body"><dl class="facts facts--short">
        <dt>Subject</dt><dd>{{subject}}</dd>
        <dt>Issuer</dt><dd>{{issuer}}</dd>
        {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
        <dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd>
        <dt>Key</dt><dd>{{public_key}}</dd>
        <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
      </dl></div>
    </section>{{/read}}
    {{#no_read}}{{#no_private_key}}{{>how}}{{/no_private_key}}{{/no_read}}</div>
    {{#private_key}}<section class="card" aria-labelledby="h-why">
      <div class="card__head"><h2 id="h-why">Which file is which</h2></div>
      <div class="card__body"><dl class="facts facts--short"><dt><code>client.crt</code></dt><dd>The certificate. Public: give it to us.</dd><dt><code>client.key</code></dt><dd>The private key. It proves that you are you: give it to nobody.</dd></dl></div>
    </section>{{/private_key}}
    {{/takes_certificate}}
    {{#has_keys}}<section class="card" aria-labelledby="h-add">
      <div class="card__head"><h2 id="h-add">Or add it to a key you have</h2></div>
      <form class="card__body form" method="post" action="/portal/apis/{{id}}/request">
        <input type="hidden" name="csrf_token" value="{{csrf_token}}">
        <input type="hidden" name="once" value="{{once_add}}">
        <div class="field{{#error_key_id}} field--error{{/error_key_id}}"><label for="f-key_id">Key</label><p class="hint" id="h-key_id">No certificate is asked for: the key keeps its own.{{#more_keys}} The first 500 by name are offered here.{{/more_keys}}</p><select class="select" id="f-key_id" name="key_id" aria-describedby="h-key_id">{{#keys}}<option value="{{id}}"{{#chosen}} selected{{/chosen}}>{{name}}</option>{{/keys}}</select>{{#error_key_id}}<p class="error"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_key_id}}</div>
        <div class="actions"><button class="btn" type="submit">Add to my key</button></div>
      </form>
    </section>{{/has_keys}}
    {{>plan}}
    <section class="card" aria-labelledby="h-next">
      <div class="card__head"><h2 id="h-next">What happens next</h2></div>
      <div class="card__body"><ol class="steps">{{#no_automatic}}<li><h3>The API owner approves</h3><p>You get an e-mail either way.</p></li>{{/no_automatic}}{{#proof_required}}<li><h3>You prove that the certificate is yours</h3><p>By one call, which the request's page shows.</p></li>{{/proof_required}}<li><h3>Call the API with your {{#takes_certificate}}certificate{{/takes_certificate}}{{#no_takes_certificate}}token{{/no_takes_certificate}}</h3></li></ol></div>
    </section>
  </div>
</div>
{{#takes_certificate}}<template id="removed-note"><div class="note note--warn" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>A private key was taken out of the text</h2><p>It was removed in your browser, before anything was sent. Only certificates belong here.</p></div></template>
<script src="{{assets}}/certificate.js" defer></script>{{/takes_certificate}}
