{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/portal/login">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <h1>Sign in</h1>
    {{#confirmed}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Your e-mail is confirmed</h2><p>Sign in with the password that you chose.</p></div>{{/confirmed}}
    {{#reset}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Your password was changed</h2><p>All your sessions were signed out.</p></div>{{/reset}}
    {{#has_problem}}<div class="note note--bad" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{problem}}</h2></div>{{/has_problem}}
    <div class="field"><label for="email">E-mail</label><input class="input" id="email" name="email" type="email" value="{{email}}" autocomplete="username" required{{#no_email}} autofocus{{/no_email}}></div>
    <div class="field"><label for="password">Password</label><input class="input" id="password" name="password" type="password" autocomplete="current-password" required{{#has_email}} autofocus{{/has_email}}></div>
    <button class="btn btn--primary btn--block" type="submit">Sign in</button>
  </form>
</div>
<p>{{#may_join}}New here? <a href="/portal/join">Join</a> · {{/may_join}}<a href="/portal/reset">Forgot your password?</a></p>
