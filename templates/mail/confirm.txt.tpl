Confirm your e-mail for {{portal_title}}

Hello {{name}},

somebody, most likely you, wants to join {{portal_title}} with this address.
Open this page and press Confirm:

  {{url}}

The link works once, within 24 hours. If it was not you, do nothing: without it
there is no account.
