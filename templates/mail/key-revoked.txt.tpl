{{#has_what}}The {{what}} of {{/has_what}}"{{key_name}}" was revoked

Hello,

{{#has_what}}the {{what}} of {{/has_what}}the key "{{key_name}}" does not
count any more. Calls with it are refused from now on.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}{{#has_reason}}  Reason   {{reason}}
{{/has_reason}}
The key's page: {{url}}
