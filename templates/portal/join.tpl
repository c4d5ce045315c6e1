{{%AUTOESCAPE context="HTML"}}
{{#closed}}<div class="card">
  <div class="form"><div><h1>Join</h1><p class="muted">Nobody can join here by himself. Whoever runs this API can give you an account.</p></div></div>
</div>
{{/closed}}
{{#no_closed}}<div class="card">
  <form class="form" method="post" action="/portal/join">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div><h1>Join</h1><p class="muted">An account lets you request keys and see your usage.</p></div>
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}This cannot be sent yet{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
    <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" autocomplete="name" maxlength="200" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
    <div class="field{{#error_email}} field--error{{/error_email}}"><label for="f-email">E-mail</label><input class="input" id="f-email" name="email" type="email" value="{{email}}" autocomplete="email" maxlength="254" required{{#error_email}} aria-invalid="true"{{/error_email}}{{#focus_email}} autofocus{{/focus_email}}{{#error_email}} aria-describedby="e-email"{{/error_email}}>{{#error_email}}<p class="error" id="e-email"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_email}}</div>
    <div class="field{{#error_password}} field--error{{/error_password}}"><label for="f-password">Password</label><input class="input" id="f-password" name="password" type="password" autocomplete="new-password" minlength="12" required{{#error_password}} aria-invalid="true"{{/error_password}}{{#focus_password}} autofocus{{/focus_password}} aria-describedby="{{#error_password}}e-password {{/error_password}}h-password">{{#error_password}}<p class="error" id="e-password"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_password}}<p class="hint" id="h-password">At least 12 characters. A few words in a row are fine.</p></div>
    {{#has_terms}}<div class="field{{#error_terms}} field--error{{/error_terms}}"><details class="more"><summary>The terms</summary>{{#has_terms_html}}<div class="prose">{{terms_html:none}}</div>{{/has_terms_html}}{{#no_terms_html}}<p class="as-typed">{{terms}}</p>{{/no_terms_html}}</details><div class="check"><input type="checkbox" id="f-terms" name="terms" value="1" required{{#accepted}} checked{{/accepted}}{{#error_terms}} aria-invalid="true" aria-describedby="e-terms"{{/error_terms}}{{#focus_terms}} autofocus{{/focus_terms}}><div><label for="f-terms">I accept the terms</label></div></div>{{#error_terms}}<p class="error" id="e-terms"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_terms}}</div>{{/has_terms}}
    <button class="btn btn--primary btn--block" type="submit">Join</button>
  </form>
</div>
{{/no_closed}}
<p>Have an account? <a href="/portal/login">Sign in</a></p>
