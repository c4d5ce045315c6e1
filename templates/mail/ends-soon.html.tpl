{{%AUTOESCAPE context="HTML"}}
  <h1>{{#has_what}}The {{what}} of {{/has_what}}“{{key_name}}” ends on {{ends_on}}</h1>
  <p>That is within {{days}} {{day_word}}. From then on calls with it are refused.</p>
  {{#has_fingerprint}}<table><tr><th scope="row">SHA-256</th><td>{{fingerprint}}</td></tr></table>{{/has_fingerprint}}
  <p><a class="button" href="{{url}}">Renew it</a></p>
  <p class="quiet">The old one goes on beside the new one until it ends. We remind you 30, 14, 7 and 1 days before.</p>
