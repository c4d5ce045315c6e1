A {{what}} of "{{key_name}}" was revoked

Hello,

a {{what}} of the key "{{key_name}}" was revoked. Calls with it are refused from
now on.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}{{#has_reason}}  Reason   {{reason}}
{{/has_reason}}
The key's page: {{url}}
