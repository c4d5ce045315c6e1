{{#has_what}}The {{what}} of {{/has_what}}"{{key_name}}" has ended

Hello,

{{#has_what}}the {{what}} of {{/has_what}}the key "{{key_name}}" has ended on {{ends_on}}. Calls with it are
refused.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}
The key's page: {{url}}
