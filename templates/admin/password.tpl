{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/admin/password">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div>
      <h1>{{#must_change}}Choose a new password{{/must_change}}{{#no_must_change}}Change your password{{/no_must_change}}</h1>
      {{#must_change}}<p class="muted">The one-time password has done its work. Pick your own to go on.</p>{{/must_change}}
    </div>
    {{#done}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Your password was changed</h2><p>All your other sessions were signed out.</p></div>{{/done}}
    {{#has_problem}}<div class="note note--bad" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{problem}}</h2></div>{{/has_problem}}
    <input type="text" name="username" value="{{user_name}}" autocomplete="username" hidden>
    <div class="field{{#error_current}} field--error{{/error_current}}">
      <label for="f-current">Current password</label>
      <input class="input" id="f-current" name="current" type="password" autocomplete="current-password" required{{#error_current}} aria-invalid="true" aria-describedby="e-current" autofocus{{/error_current}}>
      {{#error_current}}<p class="error" id="e-current"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_current}}
    </div>
    <div class="field{{#error_new}} field--error{{/error_new}}">
      <label for="f-new">New password</label>
      <input class="input" id="f-new" name="new" type="password" autocomplete="new-password" minlength="12" required aria-describedby="{{#error_new}}e-new {{/error_new}}h-new"{{#error_new}} aria-invalid="true" autofocus{{/error_new}}>
      {{#error_new}}<p class="error" id="e-new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_new}}
      <p class="hint" id="h-new">At least 12 characters. A few words in a row are fine.</p>
    </div>
    <div class="field{{#error_repeat}} field--error{{/error_repeat}}">
      <label for="f-repeat">Repeat new password</label>
      <input class="input" id="f-repeat" name="repeat" type="password" autocomplete="new-password" minlength="12" required{{#error_repeat}} aria-invalid="true" aria-describedby="e-repeat" autofocus{{/error_repeat}}>
      {{#error_repeat}}<p class="error" id="e-repeat"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_repeat}}
    </div>
    <button class="btn btn--primary btn--block" type="submit">Save</button>
  </form>
  {{#no_must_change}}<form class="below" method="post" action="/admin/logout"><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn btn--block" type="submit" name="everywhere" value="1">Sign out everywhere</button></form>{{/no_must_change}}
</div>
<p>Signed in as {{user_name}}. A new password signs out all your other sessions.</p>
