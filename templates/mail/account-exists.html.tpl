{{%AUTOESCAPE context="HTML"}}
  <h1>You have an account already</h1>
  <p>Somebody, most likely you, wanted to join {{portal_title}} with this address, which has an account already.</p>
  <p><a class="button" href="{{portal_url}}/portal/login">Sign in</a></p>
  <p class="quiet"><a href="{{portal_url}}/portal/reset">Forgot your password?</a> If it was not you, do nothing: nothing has changed.</p>
