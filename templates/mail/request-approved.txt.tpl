Your key for {{entry_name}} is approved

Hello,

"{{key_name}}" works from now on.{{#has_certificate}} Your certificate is the key: there is
nothing else to copy.{{/has_certificate}}
{{#has_certificate}}
  Certificate  {{certificate}}
{{/has_certificate}}{{#has_valid_until}}  Valid until  {{valid_until}}
{{/has_valid_until}}{{#has_limits}}  Limits       {{limits}}
{{/has_limits}}
{{#has_curl}}
  {{curl}}
{{/has_curl}}
The key's page: {{url}}

We remind you 30, 14, 7 and 1 days before it ends.
