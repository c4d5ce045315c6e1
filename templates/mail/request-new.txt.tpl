{{developer_name}} requests a key for {{entry_name}}

{{developer_name}} ({{developer_email}}) requests a key for {{entry_name}}, named "{{key_name}}".

Approve or decline it here:

  {{url}}
