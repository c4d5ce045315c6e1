"{{key_name}}" gets a new certificate

Hello,

{{#has_developer}}{{developer}} has given the key "{{key_name}}" a new certificate in the portal.{{/has_developer}}{{#no_developer}}{{#has_caller}}A call with a certificate of the key "{{key_name}}" has given the key a new one.{{/has_caller}}{{#no_caller}}A new certificate of the key "{{key_name}}" was shown with its private key, and added.{{/no_caller}}{{/no_developer}}
{{#has_fingerprint}}
  SHA-256  {{fingerprint}}
{{#has_caller}}  Call by  {{caller}}
{{/has_caller}}{{/has_fingerprint}}
If that is not as it should be, stop it here; the new certificate is revoked
then, and the old one goes on:

  {{url}}

The link works once, within 24 hours.
