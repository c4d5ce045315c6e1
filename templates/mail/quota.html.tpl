{{%AUTOESCAPE context="HTML"}}
  <h1>“{{key_name}}” has used {{percent}} % of its quota</h1>
  <p>Of {{limit}} requests{{#has_api_name}} at {{api_name}}{{/has_api_name}}. {{#used_up}}Further calls are refused until {{resets_on}}.{{/used_up}}{{#no_used_up}}It is counted anew from {{resets_on}} on.{{/no_used_up}}</p>
  <p><a class="button" href="{{url}}">Open the key</a></p>
