{{#has_what}}The {{what}} of {{/has_what}}"{{key_name}}" ends on {{ends_on}}

Hello,

{{#has_what}}the {{what}} of {{/has_what}}the key "{{key_name}}" ends on {{ends_on}}: within {{days}} {{day_word}}.
From then on calls with it are refused.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}
Renew it here; the old one goes on beside the new one until it ends:

  {{url}}
