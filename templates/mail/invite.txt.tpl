{{inviter}} invites you to {{organisation_name}} at {{portal_title}}

Hello,

{{inviter}} invites you to join the organisation {{organisation_name}} at
{{portal_title}}, and with it to see and manage its API keys.

  {{url}}

The link works once, within 24 hours. If you do not know why you get this, do
nothing.
