{{%AUTOESCAPE context="HTML"}}
  <h1>A key is requested for {{entry_name}}</h1>
  <table>
    <tr><th scope="row">Developer</th><td>{{developer}}</td></tr>
    {{#has_organisation_name}}<tr><th scope="row">Organisation</th><td>{{organisation_name}}</td></tr>{{/has_organisation_name}}
    <tr><th scope="row">Key</th><td>{{key_name}}</td></tr>
  </table>
  <p><a class="button" href="{{url}}">Approve or decline</a></p>
  <p class="quiet">You get this because you are an administrator of {{portal_title}}.</p>
