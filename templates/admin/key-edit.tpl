{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/keys">Keys</a></li>
    <li><a href="/admin/keys/{{id}}">{{key_name}}</a></li>
    <li aria-current="page">Edit</li>
  </ol>
</nav>
<div class="head"><div class="head__text"><h1>Edit {{key_name}}</h1><p>Which APIs, and how much. Credentials are changed on the key’s own page.</p></div></div>
<form class="form form--cards" method="post" action="/admin/keys/{{id}}/edit">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  {{>fields}}
</form>
