You have an account at {{portal_title}} already

Hello,

somebody, most likely you, wanted to join {{portal_title}} with this address,
which has an account already.

  Sign in:               {{portal_url}}/portal/login
  Forgot your password?  {{portal_url}}/portal/reset

If it was not you, do nothing: nothing has changed.
