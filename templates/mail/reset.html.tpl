{{%AUTOESCAPE context="HTML"}}
  <h1>Set a new password</h1>
  <p>Hello {{name}}, somebody, most likely you, has asked for a new password.</p>
  <p><a class="button" href="{{url}}">Set a new password</a></p>
  <p class="quiet">The link works once, within one hour. If it was not you, do nothing: your password stays as it is.</p>
