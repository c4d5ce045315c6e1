"{{key_name}}" has used {{percent}} % of its quota

Hello,

the key "{{key_name}}" has used {{percent}} % of its {{limit}} requests{{#has_api_name}} at {{api_name}}{{/has_api_name}}.
{{#used_up}}Further calls are refused until {{resets_on}}.{{/used_up}}{{#no_used_up}}It is counted anew from {{resets_on}} on.{{/no_used_up}}

  {{url}}
