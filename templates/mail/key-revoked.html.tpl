{{%AUTOESCAPE context="HTML"}}
  <h1>{{#has_what}}The {{what}} of {{/has_what}}“{{key_name}}” was revoked</h1>
  <p>Calls with it are refused from now on.</p>
  <table>
    {{#has_fingerprint}}<tr><th scope="row">SHA-256</th><td>{{fingerprint}}</td></tr>{{/has_fingerprint}}
    {{#has_reason}}<tr><th scope="row">Reason</th><td>{{reason}}</td></tr>{{/has_reason}}
  </table>
  <p><a class="button" href="{{url}}">Open the key</a></p>
