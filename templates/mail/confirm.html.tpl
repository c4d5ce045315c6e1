{{%AUTOESCAPE context="HTML"}}
  <h1>Confirm your e-mail</h1>
  <p>Hello {{name}}, somebody, most likely you, wants to join {{portal_title}} with this address.</p>
  <p><a class="button" href="{{url}}">Open the page to confirm</a></p>
  <p class="quiet">The link works once, within 24 hours. If it was not you, do nothing: without it there is no account.</p>
