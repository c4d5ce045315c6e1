We have your request for {{entry_name}}

Hello,

the request for {{entry_name}} with the key "{{key_name}}" has arrived. An
administrator looks at it; you hear from us when it is decided.

  {{url}}
