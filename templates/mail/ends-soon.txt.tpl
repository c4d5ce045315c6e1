{{#has_what}}The {{what}} of {{/has_what}}"{{key_name}}" ends on {{ends_on}}

Hello,

{{#has_what}}the {{what}} of {{/has_what}}the key "{{key_name}}" ends on {{ends_on}}: within {{days}} {{day_word}}.
From then on calls with it are refused.
{{#has_sha256}}
  SHA-256  {{sha256}}
{{/has_sha256}}
Renew it here; the old one goes on beside the new one until it ends:

  {{url}}
