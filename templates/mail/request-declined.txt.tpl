Your request for {{entry_name}} was declined

Hello,

the request for {{entry_name}} with the key "{{key_name}}" was declined.
{{#has_reason}}
Reason: {{reason}}
{{/has_reason}}
Your requests: {{url}}
