{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Why was this refused?</h1><p>The very decision that the gate would take now, step by step. Nothing is counted.</p></div>
</div>
<div class="grid grid--main">
  <div class="col">
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>This cannot be asked</h2>{{>faults}}</div>{{/failed}}
    {{#ruling}}<section class="card" aria-labelledby="h-dec">
      <div class="card__head card__head--line"><h2 id="h-dec">{{method}} {{url}}</h2>{{#badge}}<span class="badge badge--{{kind}}">{{text}}</span>{{/badge}}</div>
      <div class="card__body stack">
        {{#then}}<div class="note"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#info"/></svg><h3>Refused {{#at}}<time datetime="{{iso}}" title="{{title}}">{{text}}</time>{{/at}}: {{status}} {{code}}</h3><p>{{detail}}</p></div>{{/then}}
        {{#had_token}}<div class="note note--warn"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h3>A token came with it</h3><p>Tokens are not kept, so the steps below are those of the same request without one.</p></div>{{/had_token}}
        <ol class="trail">
          {{#steps}}<li>
            <span class="trail__mark {{#passed}}trail__mark--ok{{/passed}}{{#stopped}}trail__mark--bad{{/stopped}}">{{#passed}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#check"/></svg><span class="sr-only">Passed:</span>{{/passed}}{{#stopped}}<svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#x"/></svg><span class="sr-only">Refused:</span>{{/stopped}}</span>
            <div><h3>{{title}}</h3><p>{{text}}</p></div>
          </li>
          {{/steps}}
        </ol>
        {{#may_make}}{{#may_change}}<div class="row"><a class="btn" href="/admin/refusals/{{request_id}}/key"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#key-round"/></svg>Make a key from this certificate</a></div>{{/may_change}}{{/may_make}}
        {{#key}}<p>Key: <a href="/admin/keys/{{id}}">{{name}}</a></p>{{/key}}
      </div>
    </section>{{/ruling}}
    {{#no_ruling}}<section class="card" aria-label="Nothing asked yet"><div class="empty"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-question-mark"/></svg><h2>Name a request</h2><p>By the id that the refused caller got (X-Request-Id, or request_id in the answer), or by certificate and URL.</p></div></section>{{/no_ruling}}
  </div>
  <div class="col">
    <section class="card" aria-labelledby="h-ask">
      <div class="card__head"><h2 id="h-ask">Ask</h2></div>
      <form class="card__body form" action="/admin/explain">
        <div class="field{{#error_request_id}} field--error{{/error_request_id}}"><label for="f-request_id">Request id</label><input class="input mono" id="f-request_id" name="request_id" value="{{request_id}}" spellcheck="false" autocomplete="off"{{#error_request_id}} aria-invalid="true"{{/error_request_id}}{{#focus_request_id}} autofocus{{/focus_request_id}} aria-describedby="{{#error_request_id}}e-request_id {{/error_request_id}}h-request_id">{{#error_request_id}}<p class="error" id="e-request_id"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_request_id}}<p class="hint" id="h-request_id">Of a refused request; then the rest is taken from it.</p></div>
        <div class="field{{#error_url}} field--error{{/error_url}}"><label for="f-url">URL</label><input class="input mono" id="f-url" name="url" value="{{url}}" spellcheck="false" placeholder="/mtls-api/my-endpoint"{{#error_url}} aria-invalid="true"{{/error_url}}{{#focus_url}} autofocus{{/focus_url}}{{#error_url}} aria-describedby="e-url"{{/error_url}}>{{#error_url}}<p class="error" id="e-url"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_url}}</div>
        <div class="field{{#error_method}} field--error{{/error_method}}"><label for="f-method">Method</label><input class="input mono" id="f-method" name="method" value="{{method}}" spellcheck="false"{{#error_method}} aria-invalid="true"{{/error_method}}{{#focus_method}} autofocus{{/focus_method}}{{#error_method}} aria-describedby="e-method"{{/error_method}}>{{#error_method}}<p class="error" id="e-method"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_method}}</div>
        <div class="field{{#error_sha256}} field--error{{/error_sha256}}"><label for="f-sha256">SHA-256 of a certificate</label><input class="input mono" id="f-sha256" name="sha256" value="{{sha256}}" spellcheck="false" autocomplete="off"{{#error_sha256}} aria-invalid="true"{{/error_sha256}}{{#focus_sha256}} autofocus{{/focus_sha256}}{{#error_sha256}} aria-describedby="e-sha256"{{/error_sha256}}>{{#error_sha256}}<p class="error" id="e-sha256"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_sha256}}</div>
        <div class="field{{#error_address}} field--error{{/error_address}}"><label for="f-address">Address of the caller</label><input class="input mono" id="f-address" name="address" value="{{address}}" spellcheck="false" placeholder="127.0.0.1"{{#error_address}} aria-invalid="true"{{/error_address}}{{#focus_address}} autofocus{{/focus_address}}{{#error_address}} aria-describedby="e-address"{{/error_address}}>{{#error_address}}<p class="error" id="e-address"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_address}}</div>
        <button class="btn btn--primary" type="submit">Explain</button>
      </form>
    </section>
  </div>
</div>
