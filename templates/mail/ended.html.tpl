{{%AUTOESCAPE context="HTML"}}
  <h1>{{#has_what}}The {{what}} of {{/has_what}}“{{key_name}}” has ended</h1>
  <p>It ended on {{ends_on}}. Calls with it are refused.</p>
  {{#has_fingerprint}}<table><tr><th scope="row">SHA-256</th><td>{{fingerprint}}</td></tr></table>{{/has_fingerprint}}
  <p><a class="button" href="{{url}}">Open the key</a></p>
