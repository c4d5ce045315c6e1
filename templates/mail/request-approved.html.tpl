{{%AUTOESCAPE context="HTML"}}
  <h1>Your key for {{entry_name}} is approved</h1>
  <p><strong>{{key_name}}</strong> works from now on.{{#has_certificate}} Your certificate is the key: there is nothing else to copy.{{/has_certificate}}</p>
  <table>
    {{#has_certificate}}<tr><th scope="row">Certificate</th><td>{{certificate}}</td></tr>{{/has_certificate}}
    {{#has_valid_until}}<tr><th scope="row">Valid until</th><td>{{valid_until}}</td></tr>{{/has_valid_until}}
    {{#has_limits}}<tr><th scope="row">Limits</th><td>{{limits}}</td></tr>{{/has_limits}}
  </table>
  {{#has_curl}}<pre>{{curl}}</pre>{{/has_curl}}
  <p><a class="button" href="{{url}}">Open the key</a></p>
  <p class="quiet">We remind you 30, 14, 7 and 1 days before it ends.</p>
