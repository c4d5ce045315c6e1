{{%AUTOESCAPE context="HTML"}}
<div class="card">
  <form class="form" method="post" action="/admin/login">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <h1>Sign in</h1>
    {{#has_problem}}
    <div class="note note--bad" role="alert"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{problem}}</h2></div>
    {{/has_problem}}
    <div class="field">
      <label for="user">User name</label>
      <input class="input" id="user" name="user" value="{{user}}" autocomplete="username" autocapitalize="none" spellcheck="false" required{{#no_user}} autofocus{{/no_user}}>
    </div>
    <div class="field">
      <label for="password">Password</label>
      <input class="input" id="password" name="password" type="password" autocomplete="current-password" required{{#has_user}} autofocus{{/has_user}}>
    </div>
    <button class="btn btn--primary btn--block" type="submit">Sign in</button>
  </form>
  {{#certificate}}<form class="form" method="post" action="/admin/login">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="with" value="certificate">
    <button class="btn btn--block" type="submit">Sign in with my certificate</button>
  </form>{{/certificate}}
</div>
<p>Forgotten it? On the host, <code>certgate user reset NAME</code> gives you a one-time password.</p>
