{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/refusals">Refusals</a></li>
    <li aria-current="page">Make a key</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Make a key from this certificate</h1><p>It came with a request {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}, in a handshake that proved its private key. Compare subject and fingerprint with its owner, for example by phone.</p></div></div>
{{#made}}<div class="note" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h2>This certificate belongs to a key already</h2><p>It is <a href="/admin/keys/{{key_id}}">{{key_name}}</a>{{#is_revoked}}, where it is revoked; it can be brought back there{{/is_revoked}}. A certificate can be of one key only; what the key may call is changed on its page.</p></div>{{/made}}
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The key was not created</h2>{{>faults}}</div>{{/failed}}
{{#certificate}}<section class="card" aria-labelledby="h-read">
    <div class="card__head"><h2 id="h-read">The certificate</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
    <div class="card__body"><dl class="facts facts--short">
            <dt>Subject</dt><dd>{{subject}}</dd>
            <dt>Issuer</dt><dd>{{issuer}}</dd>
            {{#has_names}}<dt>Names</dt><dd>{{#names}}<span class="name">{{item}}</span> {{/names}}</dd>{{/has_names}}
            <dt>Valid</dt><dd>{{#not_before}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_before}} – {{#not_after}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/not_after}}</dd>
            <dt>Key</dt><dd>{{public_key}}</dd>
            <dt>SHA-256</dt><dd><code class="fp">{{sha256}}</code></dd>
          </dl></div>
  </section>{{/certificate}}
{{#may_make}}<form class="form form--cards" method="post" action="/admin/refusals/{{id}}/key">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="once" value="{{once}}">
  <section class="card" aria-labelledby="h-key">
    <div class="card__head"><h2 id="h-key">The key</h2></div>
    <div class="card__body form">
      <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
      <fieldset>
            <legend class="label">Access rights</legend>
            {{#has_apis}}<div class="picks" id="f-access">
              {{#apis}}<div class="choice"><input type="checkbox" id="a-{{id}}" name="access" value="{{id}}"{{#ticked}} checked{{/ticked}} aria-describedby="a-{{id}}-d"><label for="a-{{id}}">{{name}}</label><code class="path" id="a-{{id}}-d">{{listen_path}}</code></div>
              {{/apis}}
            </div>{{/has_apis}}
            {{#more_apis}}<p class="hint">The first 500 APIs by name, and those that are ticked. Give access to others once the key is made, under <em>Access rights</em>.</p>{{/more_apis}}
            {{#no_apis}}<p class="hint" id="f-access">There is no API yet. <a href="/admin/apis/new">Add one</a> first.</p>{{/no_apis}}
            {{#error_access}}<p class="error" id="e-access"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_access}}
          </fieldset>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Create</button><a class="btn" href="/admin/refusals">Cancel</a><span class="muted">Works from the next request on</span></div>
  </section>
</form>{{/may_make}}
