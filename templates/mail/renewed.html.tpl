{{%AUTOESCAPE context="HTML"}}
  <h1>“{{key_name}}” gets a new certificate</h1>
  <p>{{developer_name}} has given the key a new certificate in the portal.</p>
  {{#has_sha256}}<table><tr><th scope="row">SHA-256</th><td>{{sha256}}</td></tr></table>{{/has_sha256}}
  <p><a class="button" href="{{url}}">This is wrong: stop it</a></p>
  <p class="quiet">If it is as it should be, do nothing. The link works once, within 24 hours; the new certificate is revoked then, and the old one goes on.</p>
