{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/portal/reset">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div><h1>Set a new password</h1><p class="muted">We send you a link that works for one hour.</p></div>
    {{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}This cannot be sent yet{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
    <div class="field{{#error_email}} field--error{{/error_email}}"><label for="f-email">E-mail</label><input class="input" id="f-email" name="email" type="email" value="{{email}}" autocomplete="username" maxlength="254" required{{#error_email}} aria-invalid="true"{{/error_email}}{{#focus_email}} autofocus{{/focus_email}}{{#error_email}} aria-describedby="e-email"{{/error_email}}>{{#error_email}}<p class="error" id="e-email"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_email}}</div>
    <button class="btn btn--primary btn--block" type="submit">Send link</button>
  </form>
</div>
<p>Remembered it? <a href="/portal/login">Sign in</a></p>
