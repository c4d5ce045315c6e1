{{developer}} requests a key for {{entry_name}}

{{developer}}{{#has_organisation_name}} ({{organisation_name}}){{/has_organisation_name}} requests a key for {{entry_name}}, named
"{{key_name}}".

Approve or decline it here:

  {{url}}
