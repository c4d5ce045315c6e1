"{{key_name}}" gets a new certificate

Hello,

{{developer}} has given the key "{{key_name}}" a new certificate in the portal.
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{/has_fingerprint}}
If that is not as it should be, stop it here; the new certificate is revoked
then, and the old one goes on:

  {{url}}

The link works once, within 24 hours.
