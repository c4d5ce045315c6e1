The {{what}} of "{{key_name}}" has ended

Hello,

the {{what}} of the key "{{key_name}}" has ended on {{ends_on}}. Calls with it are
refused.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}
The key's page: {{url}}
