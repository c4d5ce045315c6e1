{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/portal/keys">My keys</a></li>
    <li aria-current="page">{{name}}</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><div class="head__title"><h1>{{name}}</h1>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div><p>{{#has_apis}}{{apis}} · {{/has_apis}}{{#used}}last used <time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/used}}{{#no_used}}not used yet{{/no_used}}</p></div>
  <div class="head__tools"><a class="btn btn--danger" href="/portal/keys/{{id}}/give-up"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#ban"/></svg>Give up key</a></div>
</div>
{{#sent}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The key is yours</h2><p>It works from the next call on.</p></div>{{/sent}}
{{#renewed}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>The certificate was added</h2><p>All contacts of {{organisation_name}} get a mail that can stop it. Try the new one now; the old one keeps working beside it.</p></div>{{/renewed}}
{{#token_gone}}<div class="note note--warn" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>No second token was made</h2><p>The key got a credential since that page was opened. If you pressed the button twice, it is your token: the answer to the first press showed it, and it cannot be shown again. If you do not have it, make another one below and revoke the one that nobody has.</p></div>{{/token_gone}}
{{#revoked}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>It was revoked</h2><p>It opens nothing any more, and is not taken again.</p></div>{{/revoked}}
{{#last}}<div class="note note--{{kind}}" role="status">{{#good}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg>{{/good}}{{#no_good}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg>{{/no_good}}
  <h2>Seen {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}, {{status}}</h2>
  <p>{{text}}</p>
</div>{{/last}}
{{#no_last}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h2>Not seen yet</h2><p>Call once; this page then tells what became of it.</p></div>{{/no_last}}
<div class="grid grid--main">
  <div class="col">
    <section class="card" aria-labelledby="h-call">
      <div class="card__head"><h2 id="h-call">Call it</h2></div>
      <div class="card__body stack">{{#has_lines}}{{#lines}}<pre class="code" data-copy tabindex="0">{{item}}</pre>{{/lines}}{{/has_lines}}{{#no_lines}}<p class="muted">This key may call nothing now. Ask for an API in the <a href="/portal/">catalogue</a>.</p>{{/no_lines}}</div>
    </section>
    <section class="card" aria-labelledby="h-certs">
      <div class="card__head"><div><h2 id="h-certs">Credentials</h2><p>they share limits and usage</p></div></div>
      {{#has_credentials}}<div class="table-wrap"><table class="table table--stack">
        <caption class="sr-only">Credentials</caption>
        <thead><tr><th scope="col">Credential</th><th scope="col">Status</th><th scope="col">Valid until</th><th scope="col">Last used</th><th scope="col" class="right"><span class="sr-only">Actions</span></th></tr></thead>
        <tbody>
          {{#credentials}}<tr>
            <th scope="row">{{subject}}<span class="table__sub"><code class="fp">{{start}}</code></span></th>
            <td data-label="Status" class="table__corner">{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}{{#claimed}} <span class="muted small">not proven</span>{{/claimed}}</td>
            <td data-label="Valid until">{{#until}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/until}}{{#no_until}}—{{/no_until}}</td>
            <td data-label="Last used">{{#last_used}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/last_used}}{{#no_last_used}}never{{/no_last_used}}</td>
            <td class="right">{{#may_revoke}}<a class="btn btn--sm" href="/portal/keys/{{key_id}}/credentials/{{sha256}}/revoke">Revoke<span class="sr-only"> {{subject}}</span></a>{{/may_revoke}}</td>
          </tr>
          {{/credentials}}
        </tbody>
      </table></div>{{/has_credentials}}
      {{#no_credentials}}<div class="card__body"><p class="muted">{{#may_token}}Make the token below.{{/may_token}}{{#no_may_token}}There is none: add a certificate below.{{/no_may_token}}</p></div>{{/no_credentials}}
    </section>
    {{#may_token}}<section class="card" aria-labelledby="h-token">
      <div class="card__head"><div><h2 id="h-token">Token</h2><p>shown once, when you make it</p></div></div>
      <form class="card__body form" method="post" action="/portal/keys/{{id}}/token">
        <input type="hidden" name="csrf_token" value="{{csrf_token}}">
        <input type="hidden" name="had" value="{{had}}">
        {{#has_token}}<div class="field field--half{{#error_token_password}} field--error{{/error_token_password}}"><label for="f-token_password">Password</label><p class="hint" id="h-tpw">Once more. The token that you have ends a week later.</p><input class="input" id="f-token_password" name="token_password" type="password" autocomplete="current-password" aria-describedby="h-tpw" required{{#error_token_password}} aria-invalid="true" autofocus{{/error_token_password}}>{{#error_token_password}}<p class="error"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_token_password}}</div>{{/has_token}}
        <div class="actions"><button class="btn{{#no_has_token}} btn--primary{{/no_has_token}}" type="submit">{{#has_token}}Make another token{{/has_token}}{{#no_has_token}}Make the token{{/no_has_token}}</button></div>
      </form>
    </section>{{/may_token}}
    {{#has_certificates}}<section class="card" id="renew" aria-labelledby="h-renew">
      <div class="card__head"><div><h2 id="h-renew">Renew</h2><p>add the next certificate to this key</p></div></div>
      <div class="card__body stack stack--tight">
        <p>From the machine itself, proven by the certificate in use; the old one ends {{overlap_default}} days later (<code>?overlap_days=</code> says otherwise):</p>
        <pre class="code" data-copy tabindex="0">{{renew_line}}</pre>
        {{#needs_approval}}<p class="muted">The API owner has to approve it.</p>{{/needs_approval}}
      </div>
      {{#by_session}}<form class="card__body card__body--line form" method="post" action="/portal/keys/{{id}}/renew" enctype="multipart/form-data" data-certificate-form>
        <input type="hidden" name="csrf_token" value="{{csrf_token}}">
        {{#private_key}}<div class="note note--bad" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-x"/></svg><h2>That was a private key. Consider it exposed</h2><p>It was not stored, logged or shown again. But it has left your machine, so it can no longer be used here. Make a new pair, and paste the new <code>client.crt</code>.</p></div>{{/private_key}}
        {{#no_private_key}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The certificate was not added</h2>{{>faults}}</div>{{/failed}}{{/no_private_key}}
        <div class="field{{#error_certificate}} field--error{{/error_certificate}}">
          <label for="f-certificate">Public certificate (PEM)</label>
          <p class="hint" id="h-certificate">Or paste it here. Same key, same limits, same history.</p>
          <textarea class="textarea textarea--pem textarea--short" id="f-certificate" name="certificate" rows="5" spellcheck="false" autocomplete="off" autocapitalize="none" placeholder="-----BEGIN CERTIFICATE-----" aria-describedby="{{#error_certificate}}e-certificate {{/error_certificate}}h-certificate"{{#error_certificate}} aria-invalid="true"{{/error_certificate}}{{#focus_certificate}} autofocus{{/focus_certificate}}>{{certificate:pre_escape}}</textarea>
          {{#error_certificate}}<p class="error" id="e-certificate"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_certificate}}
          <div class="row"><span class="file"><label class="btn" for="upload"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#upload"/></svg>Upload .pem</label><input type="file" id="upload" name="upload" accept=".pem,.crt,.cer,.der"></span></div>
        </div>
        <div class="fields">
          <div class="field{{#error_replaces}} field--error{{/error_replaces}}"><label for="f-replaces">It replaces</label><select class="select" id="f-replaces" name="replaces">{{#replaceable}}<option value="{{sha256}}"{{#chosen}} selected{{/chosen}}>{{subject}} ({{start}})</option>{{/replaceable}}<option value="">None: both go on</option></select>{{#error_replaces}}<p class="error"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_replaces}}</div>
          <div class="field{{#error_overlap_days}} field--error{{/error_overlap_days}}"><label for="f-overlap_days">Both work for</label><div class="with-unit"><input class="input" id="f-overlap_days" name="overlap_days" value="{{overlap_days}}" inputmode="numeric"{{#error_overlap_days}} aria-invalid="true" aria-describedby="e-overlap_days"{{/error_overlap_days}}{{#focus_overlap_days}} autofocus{{/focus_overlap_days}}><span>days</span></div>{{#error_overlap_days}}<p class="error" id="e-overlap_days"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_overlap_days}}</div>
        </div>
        <div class="field field--half{{#error_password}} field--error{{/error_password}}"><label for="f-password">Password</label><p class="hint" id="h-password">Once more, since a certificate opens the API. All contacts get a mail.</p><input class="input" id="f-password" name="password" type="password" autocomplete="current-password" aria-describedby="{{#error_password}}e-password {{/error_password}}h-password"{{#error_password}} aria-invalid="true"{{/error_password}}{{#focus_password}} autofocus{{/focus_password}} required>{{#error_password}}<p class="error" id="e-password"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_password}}</div>
        <div class="actions"><button class="btn btn--primary" type="submit">Add certificate</button></div>
      </form>{{/by_session}}
      {{#no_by_session}}<div class="card__body card__body--line"><p class="muted">Keys of this API are renewed in this way alone.</p></div>{{/no_by_session}}
    </section>{{/has_certificates}}
    {{>usage_card}}
    {{#has_refusals}}<section class="card" aria-labelledby="h-ref">
      <div class="card__head"><h2 id="h-ref">Last refusals</h2></div>
      <ul class="lines">{{#refusals}}<li><span class="grow"><strong>{{status}} {{code}}</strong> {{method}} {{path}}<br><span class="muted small">{{detail}}</span></span>{{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}</li>{{/refusals}}</ul>
    </section>{{/has_refusals}}
  </div>
  <div class="col">
    {{#quota}}<section class="card" aria-labelledby="h-quota"><div class="card__head"><h2 id="h-quota">Quota a {{period}}</h2></div><div class="card__body"><div class="quota quota--wide"><strong class="stat__n">{{used_n}}</strong> of {{limit}}<svg class="bar" width="100%" height="6" aria-hidden="true"><rect class="bar__track" width="100%" height="100%"/><rect class="bar__fill" width="{{percent}}%" height="100%"/></svg><span class="row row--between"><span>{{left}} left</span>{{#renews}}<span>renews <time datetime="{{iso}}" title="{{title}}">{{text}}</time></span>{{/renews}}</span></div></div></section>{{/quota}}
    <section class="card" aria-labelledby="h-limits"><div class="card__head"><h2 id="h-limits">Limits</h2></div><div class="card__body"><dl class="facts facts--short"><dt>Rate</dt><dd>{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}No limit{{/no_rate}}</dd><dt>Quota</dt><dd>{{#has_quota_text}}{{quota_text}}{{/has_quota_text}}{{#no_quota_text}}No limit{{/no_quota_text}}</dd>{{#expires}}<dt>Ends</dt><dd><time datetime="{{iso}}" title="{{title}}">{{text}}</time></dd>{{/expires}}<dt>Made</dt><dd>{{#made}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/made}}</dd></dl></div></section>
    {{#has_waiting}}<section class="card" aria-labelledby="h-wait"><div class="card__head"><h2 id="h-wait">Requests that wait</h2></div><ul class="lines">{{#waiting}}<li><a class="grow" href="/portal/requests/{{id}}">{{entry_name}}</a><span class="badge">Waiting</span></li>{{/waiting}}</ul></section>{{/has_waiting}}
    <section class="card" aria-labelledby="h-more"><div class="card__head"><h2 id="h-more">A second API</h2></div><div class="card__body stack"><p class="muted">The same certificate can open more: choose an API in the catalogue and add it to this key.</p><a class="btn" href="/portal/">Open the catalogue</a></div></section>
  </div>
</div>
{{#has_certificates}}<template id="removed-note"><div class="note note--warn" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#shield-check"/></svg><h2>A private key was taken out of the text</h2><p>It was removed in your browser, before anything was sent. Only certificates belong here.</p></div></template>
<script src="{{assets}}/certificate.js" defer></script>{{/has_certificates}}
