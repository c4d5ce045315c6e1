{{#has_what}}The {{what}} of {{/has_what}}"{{key_name}}" has ended

Hello,

{{#has_what}}the {{what}} of {{/has_what}}the key "{{key_name}}" has ended on {{ends_on}}. Calls with it are
refused.
{{#has_sha256}}
  SHA-256  {{sha256}}
{{/has_sha256}}
The key's page: {{url}}
