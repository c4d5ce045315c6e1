{{%AUTOESCAPE context="HTML"}}
<div class="head"><div class="head__text"><h1>Account</h1><p>{{name}} · {{email}}</p></div></div>
{{#changed}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Your password was changed</h2><p>All your other sessions were signed out.</p></div>{{/changed}}
{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}Nothing was saved{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
<section class="card" aria-labelledby="h-you">
  <div class="card__head"><h2 id="h-you">About you</h2></div>
  <form class="card__body form" method="post" action="/portal/account">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" autocomplete="name" maxlength="200" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
    <div class="actions"><button class="btn btn--primary" type="submit">Save name</button></div>
  </form>
</section>
<section class="card" aria-labelledby="h-password">
  <div class="card__head"><h2 id="h-password">Password</h2></div>
  <form class="card__body form" method="post" action="/portal/account/password">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="text" name="username" value="{{email}}" autocomplete="username" hidden>
    <div class="field{{#error_current}} field--error{{/error_current}}"><label for="f-current">Current password</label><input class="input" id="f-current" name="current" type="password" autocomplete="current-password" required{{#error_current}} aria-invalid="true"{{/error_current}}{{#focus_current}} autofocus{{/focus_current}}{{#error_current}} aria-describedby="e-current"{{/error_current}}>{{#error_current}}<p class="error" id="e-current"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_current}}</div>
    <div class="field{{#error_new}} field--error{{/error_new}}"><label for="f-new">New password</label><input class="input" id="f-new" name="new" type="password" autocomplete="new-password" minlength="12" required{{#error_new}} aria-invalid="true"{{/error_new}}{{#focus_new}} autofocus{{/focus_new}} aria-describedby="{{#error_new}}e-new {{/error_new}}h-new">{{#error_new}}<p class="error" id="e-new"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_new}}<p class="hint" id="h-new">At least 12 characters. A few words in a row are fine.</p></div>
    <div class="field{{#error_repeat}} field--error{{/error_repeat}}"><label for="f-repeat">Repeat new password</label><input class="input" id="f-repeat" name="repeat" type="password" autocomplete="new-password" minlength="12" required{{#error_repeat}} aria-invalid="true"{{/error_repeat}}{{#focus_repeat}} autofocus{{/focus_repeat}}{{#error_repeat}} aria-describedby="e-repeat"{{/error_repeat}}>{{#error_repeat}}<p class="error" id="e-repeat"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_repeat}}</div>
    <div class="actions"><button class="btn btn--primary" type="submit">Save</button></div>
  </form>
</section>
<section class="card" aria-labelledby="h-sessions">
  <div class="card__head"><h2 id="h-sessions">Sessions</h2></div>
  <form class="card__body stack" method="post" action="/portal/logout"><p class="muted">Ends your sessions in all browsers, this one included.</p><input type="hidden" name="csrf_token" value="{{csrf_token}}"><button class="btn" type="submit" name="everywhere" value="1">Sign out everywhere</button></form>
</section>
