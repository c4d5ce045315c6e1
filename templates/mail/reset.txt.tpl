A new password for {{portal_title}}

Hello {{name}},

somebody, most likely you, has asked for a new password. Set it here:

  {{url}}

The link works once, within one hour. If it was not you, do nothing: your
password stays as it is.
