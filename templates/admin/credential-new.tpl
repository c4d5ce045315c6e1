{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li aria-current="page">Rotate</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Rotate {{key_name}}</h1><p>Add the next credential. Both work until you revoke the old one; rights, limits and history stay with the key.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/{{id}}/credentials/new" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="had" value="{{had}}">
  {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was added</h2>{{>faults}}</div>{{/failed}}
  <section class="card" aria-labelledby="h-who">
    <div class="card__head"><h2 id="h-who">Next credential</h2></div>
    <div class="card__body form">
          <fieldset>
            <legend class="label">How the client identifies itself</legend>
            <div class="choices">
              <div class="choice"><input type="radio" id="t-mtls" name="type" value="mtls"{{#is_mtls}} checked{{/is_mtls}} aria-describedby="t-mtls-d"><label for="t-mtls">Mutual TLS</label><span class="choice__hint" id="t-mtls-d">By its client certificate. Nothing to send in a header.</span></div>
              <div class="choice"><input type="radio" id="t-token" name="type" value="token"{{#is_token}} checked{{/is_token}} aria-describedby="t-token-d"><label for="t-token">Auth token</label><span class="choice__hint" id="t-token-d">By a secret in a header. Shown once, after creation.</span></div>
            </div>
          </fieldset>
          <div class="field{{#error_certificate}} field--error{{/error_certificate}}" data-when="mtls">
            <label for="f-certificate">Certificate (PEM)</label>
            <p class="hint" id="h-certificate">The block from BEGIN CERTIFICATE to END CERTIFICATE. If a private key is pasted with it, only the public part is kept.</p>
            <textarea class="textarea textarea--pem" id="f-certificate" name="certificate" rows="10" spellcheck="false" autocomplete="off" autocapitalize="none" placeholder="-----BEGIN CERTIFICATE-----"{{#error_certificate}} aria-invalid="true"{{/error_certificate}}{{#focus_certificate}} autofocus{{/focus_certificate}} aria-describedby="{{#error_certificate}}e-certificate {{/error_certificate}}h-certificate">{{certificate:pre_escape}}</textarea>
            {{#error_certificate}}<p class="error" id="e-certificate"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_certificate}}
            {{#error_certificate}}<p class="hint">What was given is not shown again, since it may hold a private key.</p>{{/error_certificate}}
            <div class="row">
              <span class="file"><label class="btn" for="upload"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Upload .pem</label><input type="file" id="upload" name="upload" accept=".pem,.crt,.cer,.der,application/x-pem-file"></span>
              <button class="btn" type="submit" name="do" value="read" formnovalidate>Read certificate</button>
            </div>
          </div>
          <div class="stack" data-when="mtls">{{#dropped}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>The private key was dropped</h2><p>The text held a private key. Only the certificate was kept; the key was wiped from memory and not stored or logged. If it came by mail or chat, let the owner make a new pair.</p></div>{{/dropped}}{{#notices}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><p>{{item}}</p></div>{{/notices}}</div>
    </div>
    <div class="card__foot actions">
      <button class="btn btn--primary" type="submit">Add</button>
      <a class="btn" href="/admin/keys/{{id}}">Cancel</a>
    </div>
  </section>
  {{>read}}
</form>
