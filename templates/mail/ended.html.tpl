{{%AUTOESCAPE context="HTML"}}
  <h1>{{#has_what}}The {{what}} of {{/has_what}}“{{key_name}}” has ended</h1>
  <p>It ended on {{ends_on}}. Calls with it are refused.</p>
  {{#has_sha256}}<table><tr><th scope="row">SHA-256</th><td>{{sha256}}</td></tr></table>{{/has_sha256}}
  <p><a class="button" href="{{url}}">Open the key</a></p>
