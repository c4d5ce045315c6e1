{{%AUTOESCAPE context="HTML"}}
  <h1>A key is requested for {{entry_name}}</h1>
  <table>
    <tr><th scope="row">Developer</th><td>{{developer_name}}</td></tr>
    <tr><th scope="row">E-mail</th><td>{{developer_email}}</td></tr>
    <tr><th scope="row">Key</th><td>{{key_name}}</td></tr>
  </table>
  <p><a class="button" href="{{url}}">Approve or decline</a></p>
  <p class="quiet">You get this because you are an administrator of {{portal_title}}.</p>
