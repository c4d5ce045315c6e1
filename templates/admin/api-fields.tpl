{{%AUTOESCAPE context="HTML"}}
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>The API was not saved</h2>
{{#has_problem}}<p>{{problem}}</p>{{/has_problem}}
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
{{#stale}}<div class="note note--warn" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Somebody else changed this while you did</h2>
<p>Nothing was saved. The form holds your values; press Save again to put them in the place of these:</p>
{{#has_differences}}<ul>{{#differences}}<li>{{label}}: “{{theirs}}” now, “{{mine}}” in the form</li>{{/differences}}</ul>{{/has_differences}}
{{#no_differences}}<p>In the text fields nothing differs.</p>{{/no_differences}}
</div>{{/stale}}
<section class="card" aria-labelledby="h-way">
  <div class="card__head"><h2 id="h-way">From where to where</h2></div>
  <div class="card__body form">
    <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" maxlength="200" autocomplete="off" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
    <div class="fields">
      <div class="field{{#error_listen_path}} field--error{{/error_listen_path}}"><label for="f-listen_path">Listen path</label><input class="input mono" id="f-listen_path" name="listen_path" value="{{listen_path}}" spellcheck="false" placeholder="/payments/v2/" required{{#error_listen_path}} aria-invalid="true"{{/error_listen_path}}{{#focus_listen_path}} autofocus{{/focus_listen_path}} aria-describedby="{{#error_listen_path}}e-listen_path {{/error_listen_path}}h-listen_path">{{#error_listen_path}}<p class="error" id="e-listen_path"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_listen_path}}<p class="hint" id="h-listen_path">Begins and ends with a slash.</p></div>
      <div class="field{{#error_target_url}} field--error{{/error_target_url}}"><label for="f-target_url">Target URL</label><input class="input mono" id="f-target_url" name="target_url" value="{{target_url}}" type="url" spellcheck="false" placeholder="https://payments.internal.example" required{{#error_target_url}} aria-invalid="true"{{/error_target_url}}{{#focus_target_url}} autofocus{{/focus_target_url}} aria-describedby="{{#error_target_url}}e-target_url {{/error_target_url}}h-target_url">{{#error_target_url}}<p class="error" id="e-target_url"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_target_url}}<p class="hint" id="h-target_url">The server behind certgate.</p></div>
    </div>
    <div class="check"><input type="checkbox" id="strip" name="strip_listen_path"{{#is_strip}} checked{{/is_strip}}><label for="strip">Cut this prefix off before forwarding</label></div>
  </div>
</section>
<section class="card" aria-labelledby="h-auth">
  <div class="card__head"><h2 id="h-auth">Who is let in</h2></div>
  <div class="card__body form">
    <fieldset>
      <legend class="label">Authentication</legend>
      <div class="choices" id="f-auth">
        <div class="choice"><input type="radio" id="m-token" name="auth" value="token"{{#is_auth}} checked{{/is_auth}} aria-describedby="m-token-d"><label for="m-token">Auth token</label><span class="choice__hint" id="m-token-d">Each client has a key: a token, or its certificate.</span></div>
        <div class="choice"><input type="radio" id="m-keyless" name="auth" value="keyless"{{#is_keyless}} checked{{/is_keyless}} aria-describedby="m-keyless-d"><label for="m-keyless">Keyless</label><span class="choice__hint" id="m-keyless-d">Anybody may call. Only the API’s own rate limit holds.</span></div>
      </div>
      {{#error_auth}}<p class="error" id="e-auth"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_auth}}
    </fieldset>
    <div class="form" data-when="token">
      <div class="switch"><input type="checkbox" role="switch" id="mtls" name="auth.use_certificate" data-reveal{{#is_certificate}} checked{{/is_certificate}} aria-describedby="mtls-d"><div><label for="mtls">Enable client certificate</label><p id="mtls-d">A registered certificate on the connection is the credential. No header is needed.</p></div></div>
      <fieldset data-when-on>
        <legend class="label">Which certificates to trust</legend>
        <div class="choices">
          <div class="choice"><input type="radio" id="tr-pin" name="auth.trust" value="pinned"{{#is_pinned}} checked{{/is_pinned}} aria-describedby="tr-pin-d"><label for="tr-pin">The registered ones</label><span class="choice__hint" id="tr-pin-d">Self-signed is fine. Being registered to a key is the trust.</span></div>
          <div class="choice"><input type="radio" id="tr-ca" name="auth.trust" value="ca"{{#is_ca}} checked{{/is_ca}} aria-describedby="tr-ca-d"><label for="tr-ca">Registered and issued by a CA</label><span class="choice__hint" id="tr-ca-d">The chain must also lead to a CA ticked below.</span></div>
        </div>
      </fieldset>
      <fieldset id="f-auth_ca_certificates" data-when-on>
        <legend class="label">CA certificates for this API</legend>
        {{#has_cas}}<div class="picks">
          {{#cas}}<div class="choice"><input type="checkbox" id="ca-{{id}}" name="ca" value="{{id}}"{{#ticked}} checked{{/ticked}} aria-describedby="ca-{{id}}-d"><label for="ca-{{id}}">{{short_name}}</label><code class="path" id="ca-{{id}}-d">{{sha256_start}}</code></div>{{/cas}}
        </div>{{/has_cas}}
        {{#no_cas}}<p class="hint">None is registered. <a href="/admin/certificates/new">Add one</a> of the kind “CA” to choose it here.</p>{{/no_cas}}
        {{#error_auth_ca_certificates}}<p class="error" id="e-auth_ca_certificates"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_auth_ca_certificates}}
      </fieldset>
      <div class="check"><input type="checkbox" id="tokens" name="auth.use_token"{{#is_token}} checked{{/is_token}}><label for="tokens">Also accept tokens in a header</label></div>
      <div class="field{{#error_auth_token_header}} field--error{{/error_auth_token_header}}"><label for="f-auth_token_header">Token header</label><input class="input mono" id="f-auth_token_header" name="auth.token_header" value="{{auth_token_header}}" spellcheck="false" placeholder="Authorization"{{#error_auth_token_header}} aria-invalid="true"{{/error_auth_token_header}}{{#focus_auth_token_header}} autofocus{{/focus_auth_token_header}}{{#error_auth_token_header}} aria-describedby="e-auth_token_header"{{/error_auth_token_header}}>{{#error_auth_token_header}}<p class="error" id="e-auth_token_header"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_auth_token_header}}</div>
    </div>
  </div>
</section>
<section class="card" aria-labelledby="h-up">
  <div class="card__head"><h2 id="h-up">Towards the target</h2></div>
  <div class="card__body form">
    <div class="fields">
      <div class="field{{#error_timeout_ms}} field--error{{/error_timeout_ms}}"><label for="f-timeout_ms">Timeout</label><div class="with-unit"><input class="input" id="f-timeout_ms" name="timeout_ms" value="{{timeout_ms}}" inputmode="numeric" placeholder="30,000"{{#error_timeout_ms}} aria-invalid="true"{{/error_timeout_ms}}{{#focus_timeout_ms}} autofocus{{/focus_timeout_ms}}{{#error_timeout_ms}} aria-describedby="e-timeout_ms"{{/error_timeout_ms}}><span>ms</span></div>{{#error_timeout_ms}}<p class="error" id="e-timeout_ms"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_timeout_ms}}</div>
      <div class="field{{#error_max_body_bytes}} field--error{{/error_max_body_bytes}}"><label for="f-max_body_bytes">Largest body</label><div class="with-unit"><input class="input" id="f-max_body_bytes" name="max_body_bytes" value="{{max_body_bytes}}" inputmode="numeric" placeholder="No limit"{{#error_max_body_bytes}} aria-invalid="true"{{/error_max_body_bytes}}{{#focus_max_body_bytes}} autofocus{{/focus_max_body_bytes}}{{#error_max_body_bytes}} aria-describedby="e-max_body_bytes"{{/error_max_body_bytes}}><span>bytes</span></div>{{#error_max_body_bytes}}<p class="error" id="e-max_body_bytes"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_max_body_bytes}}</div>
      <div class="field{{#error_rate_limit}} field--error{{/error_rate_limit}}"><label for="f-rate_limit">Rate over all keys</label><div class="with-unit"><input class="input" id="f-rate_limit" name="rate.limit" value="{{rate_limit}}" inputmode="numeric" placeholder="No limit"{{#error_rate_limit}} aria-invalid="true"{{/error_rate_limit}}{{#focus_rate_limit}} autofocus{{/focus_rate_limit}}{{#error_rate_limit}} aria-describedby="e-rate_limit"{{/error_rate_limit}}><select class="select" name="rate.per_seconds" aria-label="Rate over all keys, per">{{#spans}}<option value="{{value}}"{{#chosen}} selected{{/chosen}}>{{text}}</option>{{/spans}}</select></div>{{#error_rate_limit}}<p class="error" id="e-rate_limit"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_rate_limit}}</div>
    </div>
    <div class="check"><input type="checkbox" id="fwd" name="forward_client_cert"{{#is_forward}} checked{{/is_forward}} aria-describedby="fwd-d"><div><label for="fwd">Tell the target who called</label><p class="hint" id="fwd-d">Client-Cert, X-Certgate-Key-Id, X-Certgate-Key-Name, X-Certgate-Fingerprint</p></div></div>
    <div class="switch"><input type="checkbox" role="switch" id="active" name="active"{{#is_active}} checked{{/is_active}} aria-describedby="active-d"><div><label for="active">Active</label><p id="active-d">Off: callers get 404, keys keep their rights.</p></div></div>
  </div>
  {{#may_change}}<div class="card__foot actions">
    <button class="btn btn--primary" type="submit">{{#fresh}}Create{{/fresh}}{{#no_fresh}}Save{{/no_fresh}}</button>
    <a class="btn" href="/admin/apis">Cancel</a>
    <span class="muted">Holds from the next request on</span>
  </div>{{/may_change}}
</section>
