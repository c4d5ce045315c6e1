{{%AUTOESCAPE context="HTML"}}
<nav class="crumbs" aria-label="Breadcrumb">
  <ol>
    <li><a href="/admin/apis">APIs</a></li>
    <li aria-current="page">New API</li>
  </ol>
</nav>
<div class="head">
  <div class="head__text"><h1>New API</h1><p>Where it is heard, where it leads, and who is let in.</p></div>
</div>
<form class="form form--cards" method="post" action="/admin/apis/new">
<input type="hidden" name="csrf_token" value="{{csrf_token}}">
<input type="hidden" name="once" value="{{once}}">
{{>fields}}
</form>
