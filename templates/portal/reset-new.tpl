{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/portal/reset">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="code" value="{{code}}">
    <input type="text" name="username" value="{{email}}" autocomplete="username" hidden>
    <div><h1>Set a new password</h1><p class="muted">For {{email}}. All your sessions end.</p></div>
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}This cannot be sent yet{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
    <div class="field{{#error_new}} field--error{{/error_new}}"><label for="f-new">New password</label><input class="input" id="f-new" name="new" type="password" autocomplete="new-password" minlength="12" required{{#error_new}} aria-invalid="true"{{/error_new}}{{#focus_new}} autofocus{{/focus_new}} aria-describedby="{{#error_new}}e-new {{/error_new}}h-new">{{#error_new}}<p class="error" id="e-new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_new}}<p class="hint" id="h-new">At least 12 characters. A few words in a row are fine.</p></div>
    <div class="field{{#error_repeat}} field--error{{/error_repeat}}"><label for="f-repeat">Repeat new password</label><input class="input" id="f-repeat" name="repeat" type="password" autocomplete="new-password" minlength="12" required{{#error_repeat}} aria-invalid="true"{{/error_repeat}}{{#focus_repeat}} autofocus{{/focus_repeat}}{{#error_repeat}} aria-describedby="e-repeat"{{/error_repeat}}>{{#error_repeat}}<p class="error" id="e-repeat"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_repeat}}</div>
    <button class="btn btn--primary btn--block" type="submit">Save</button>
  </form>
</div>
