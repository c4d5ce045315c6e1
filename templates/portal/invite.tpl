{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/portal/invite">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="code" value="{{code}}">
    <div><h1>Join {{organisation_name}}</h1><p class="muted">For {{email}}.{{#known}} You have an account and need nothing else.{{#takes_along}} Your keys come along to {{organisation_name}}.{{/takes_along}}{{#no_takes_along}} The keys of the organisation that you leave stay with it.{{/no_takes_along}}{{/known}}</p></div>
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}Nothing was saved{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
    {{#no_known}}<input type="text" name="username" value="{{email}}" autocomplete="username" hidden>
    <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" autocomplete="name" maxlength="200" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
    <div class="field{{#error_password}} field--error{{/error_password}}"><label for="f-password">Password</label><input class="input" id="f-password" name="password" type="password" autocomplete="new-password" minlength="12" required{{#error_password}} aria-invalid="true"{{/error_password}}{{#focus_password}} autofocus{{/focus_password}} aria-describedby="{{#error_password}}e-password {{/error_password}}h-password">{{#error_password}}<p class="error" id="e-password"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_password}}<p class="hint" id="h-password">At least 12 characters. A few words in a row are fine.</p></div>
    {{#has_terms}}<div class="field{{#error_terms}} field--error{{/error_terms}}"><details class="more"><summary>The terms</summary>{{#has_terms_html}}<div class="prose">{{terms_html:none}}</div>{{/has_terms_html}}{{#no_terms_html}}<p class="as-typed">{{terms}}</p>{{/no_terms_html}}</details><div class="check"><input type="checkbox" id="f-terms" name="terms" value="1" required{{#accepted}} checked{{/accepted}}{{#error_terms}} aria-invalid="true" aria-describedby="e-terms"{{/error_terms}}{{#focus_terms}} autofocus{{/focus_terms}}><div><label for="f-terms">I accept the terms</label></div></div>{{#error_terms}}<p class="error" id="e-terms"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_terms}}</div>{{/has_terms}}{{/no_known}}
    <button class="btn btn--primary btn--block" type="submit">Join {{organisation_name}}</button>
  </form>
</div>
<p>Not you? Close this page and nothing happens.</p>
