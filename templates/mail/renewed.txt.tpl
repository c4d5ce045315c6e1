"{{key_name}}" gets a new certificate

Hello,

{{developer_name}} has given the key "{{key_name}}" a new certificate in the portal.
{{#has_sha256}}
  SHA-256  {{sha256}}
{{/has_sha256}}
If that is not as it should be, stop it here; the new certificate is revoked
then, and the old one goes on:

  {{url}}

The link works once, within 24 hours.
