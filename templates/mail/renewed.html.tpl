{{%AUTOESCAPE context="HTML"}}
  <h1>“{{key_name}}” gets a new certificate</h1>
  <p>{{#has_developer}}{{developer}} has given the key a new certificate in the portal.{{/has_developer}}{{#no_developer}}{{#has_caller}}A call with a certificate of the key has given it a new one.{{/has_caller}}{{#no_caller}}It was shown with its private key, and added.{{/no_caller}}{{/no_developer}}</p>
  {{#has_fingerprint}}<table><tr><th scope="row">SHA-256</th><td>{{fingerprint}}</td></tr>{{#has_caller}}<tr><th scope="row">Call by</th><td>{{caller}}</td></tr>{{/has_caller}}</table>{{/has_fingerprint}}
  <p><a class="button" href="{{url}}">This is wrong: stop it</a></p>
  <p class="quiet">If it is as it should be, do nothing. The link works once, within 24 hours; the new certificate is revoked then, and the old one goes on.</p>
